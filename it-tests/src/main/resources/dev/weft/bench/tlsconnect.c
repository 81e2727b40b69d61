// SPDX-License-Identifier: Apache-2.0
//
// connect.c, over TLS.
#include "tls.h"
#include "connect.c"
