#define TW_WEIGHT_BITS 4
#include "tilewright/packed_columns_template.h"
