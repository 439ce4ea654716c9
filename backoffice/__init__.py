"""What any back office needs; knows nothing of customers or users."""
