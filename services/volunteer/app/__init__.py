"""What people and neighbours may do with the volunteer portal: a use case a file."""
