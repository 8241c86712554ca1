"""Channels and the processes behind them."""
