#define TW_WEIGHT_BITS 2
#include "tilewright/conv_packed_template.h"
