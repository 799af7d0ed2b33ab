#define TW_WEIGHT_BITS 2
#include "tilewright/packed_columns_template.h"
