/* The packed weights of decoder; decoder.c declares their layout. And what changes with
 * them: the digest of the model's file, in a section that the linker retains. */
    .section .rodata.tilewright_weights, "a"
    .balign 16
    .globl decoder_weights
    .type decoder_weights, @object
    .size decoder_weights, 16640
decoder_weights:
    .incbin "decoder_weights.bin"

    .section .rodata.decoder_model_digest, "aR"
    .globl decoder_model_digest
    .type decoder_model_digest, @object
    .size decoder_model_digest, 1
decoder_model_digest:
    .asciz ""

    .section .note.GNU-stack, "", @progbits
