"""Pure shop logic that agent families share: demand, prices, intervals, charts; no input, no output."""
