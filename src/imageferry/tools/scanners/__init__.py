"""``ports.scanner.Scanner``: ClamAV as a program and as a service, and YARA rules."""
