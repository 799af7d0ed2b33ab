#define TW_WEIGHT_BITS 2
#include "tilewright/matmul_packed_template.h"
