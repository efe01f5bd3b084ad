"""The Sentry protocol in parts: grammar, wire structs, and one file for each kind of item; pure like the adapters."""
