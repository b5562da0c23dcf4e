"""What Borgerting is made of: the packages of its image, their licences, and what is known against them."""
