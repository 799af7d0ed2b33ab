#define TW_WEIGHT_BITS 4
#include "tilewright/matmul_packed_template.h"
