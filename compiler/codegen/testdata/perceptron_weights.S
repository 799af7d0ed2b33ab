/* The packed weights of perceptron; perceptron.c declares their layout. And what changes with
 * them: the digest of the model's file, in a section that the linker retains. */
    .section .rodata.tilewright_weights, "a"
    .balign 16
    .globl perceptron_weights
    .type perceptron_weights, @object
    .size perceptron_weights, 816
perceptron_weights:
    .incbin "perceptron_weights.bin"

    .section .rodata.perceptron_model_digest, "aR"
    .globl perceptron_model_digest
    .type perceptron_model_digest, @object
    .size perceptron_model_digest, 1
perceptron_model_digest:
    .asciz ""

    .section .note.GNU-stack, "", @progbits
