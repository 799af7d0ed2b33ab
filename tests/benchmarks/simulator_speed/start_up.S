# Nothing: what the simulator itself takes.
.include "program.inc"
.text
.globl _start
_start:
    exit_with 0
