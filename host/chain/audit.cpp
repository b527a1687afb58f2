#include "host/chain/audit.hpp"
