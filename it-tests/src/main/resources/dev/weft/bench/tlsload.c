// SPDX-License-Identifier: Apache-2.0
//
// load.c, over TLS.
#include "tls.h"
#include "load.c"
