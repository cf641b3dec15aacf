"""Reading the shop: clients, the mirror and its sync, and the columnar queries of agents."""
