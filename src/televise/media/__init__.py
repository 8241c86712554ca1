"""The worker process: everything that touches media with FFmpeg."""
