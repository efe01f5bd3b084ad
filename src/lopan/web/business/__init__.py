"""Pages about the business: orders, the shop floor, support."""
