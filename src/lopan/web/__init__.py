"""Pages, read API and live stream: what people and machines see, each according to their level."""
