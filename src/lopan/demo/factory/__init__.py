"""The business around the app: three sites that make things, and 400 customers who order, pay, complain and leave."""
