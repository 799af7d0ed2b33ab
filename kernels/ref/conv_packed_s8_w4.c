#define TW_WEIGHT_BITS 4
#include "tilewright/conv_packed_template.h"
