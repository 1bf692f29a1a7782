"""Pictures of figures: what is drawn (`plots`), in words (`alt`), how (`draw`), and by which process (`studio`)."""
