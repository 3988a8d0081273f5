"""What the users do: their pictures, their pace, one request and its check."""
