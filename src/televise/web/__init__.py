"""The web edge: connections, pumps, pages and the API."""
