"""What several folders of tests share: servers, hostile clients, and ways to wait."""
