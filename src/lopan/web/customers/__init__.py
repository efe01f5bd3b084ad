"""Pages about customers and about what a fault cost them."""
