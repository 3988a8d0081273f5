"""What the numbers mean: verdict, diagnosis, growth. Pure."""
