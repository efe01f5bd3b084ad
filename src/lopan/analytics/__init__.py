"""Figures: KPI values, series, status and trend, each with n, bound, definition and range."""
