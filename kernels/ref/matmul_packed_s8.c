#define TW_WEIGHT_BITS 8
#include "tilewright/matmul_packed_template.h"
