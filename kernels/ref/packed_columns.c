#define TW_WEIGHT_BITS 8
#include "tilewright/packed_columns_template.h"
