// SPDX-License-Identifier: Apache-2.0
//
// bulk.c, over TLS.
#include "tls.h"
#include "bulk.c"
