"""What every call goes through before and after its handler, one stage a file."""
