"""What only the flow of payroll needs: its settings, its pays, and how entries are made of a pay run."""
