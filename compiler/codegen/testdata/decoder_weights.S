/* The packed weights of decoder; decoder.c declares their layout. */
    .section .rodata.tilewright_weights, "a"
    .balign 16
    .globl decoder_weights
    .type decoder_weights, @object
    .size decoder_weights, 16640
decoder_weights:
    .incbin "decoder_weights.bin"

    .section .note.GNU-stack, "", @progbits
