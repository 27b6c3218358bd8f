"""Records in SQL, and the durable walk of tasks."""
