#define TW_WEIGHT_BITS 8
#include "tilewright/conv_packed_template.h"
