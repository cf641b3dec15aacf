"""Everything around a run: jobs, runs, proposals, events, schedules, audit, metrics and health."""
