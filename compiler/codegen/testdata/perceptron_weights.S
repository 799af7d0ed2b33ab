/* The packed weights of perceptron; perceptron.c declares their layout. */
    .section .rodata.tilewright_weights, "a"
    .balign 16
    .globl perceptron_weights
    .type perceptron_weights, @object
    .size perceptron_weights, 816
perceptron_weights:
    .incbin "perceptron_weights.bin"

    .section .note.GNU-stack, "", @progbits
