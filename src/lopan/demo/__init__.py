"""A simulated fleet: people, devices, releases, their history and their live traffic; same seed, same data."""
