"""What all dialects share: requests and answers, and the road from HTTP to a handler and back."""
