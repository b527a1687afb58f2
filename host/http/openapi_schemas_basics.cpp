#include "host/http/openapi_schemas.hpp"

namespace qc::http {

// Names of members are those of docs/formats.md; the rules of the ledger say what they mean.
const std::string_view kBasicSchemas = R"json({
  "Empty": {"type": "object", "maxProperties": 0},
  "Document": {"type": "object"},
  "Hash": {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "SM3"},
  "Jws": {"type": "string", "description": "JWS compact, SGD_SM3_SM2"},
  "Jwe": {"type": "string", "description": "JWE compact, SGD_SM2_3 with SGD_SM4_GCM"},
  "Transaction": {
    "type": "string",
    "maxLength": 65536,
    "description": "JWS compact, typ qc-tx+jws"
  },
  "Jwk": {
    "type": "object",
    "required": ["kty", "crv", "x", "y"],
    "properties": {
      "kty": {"const": "EC"},
      "crv": {"const": "SM2-P-256"},
      "x": {"type": "string"},
      "y": {"type": "string"},
      "kid": {"type": "string"}
    }
  },
  "Problem": {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
      "type": {"type": "string", "description": "urn:quancheng:problem:<code>"},
      "title": {"type": "string"},
      "status": {"type": "integer"},
      "detail": {"type": "string"},
      "code": {"type": "string"},
      "field": {"type": "string"},
      "side": {"enum": ["client", "provider", "platform"]},
      "retryable": {"type": "boolean"},
      "txn_id": {"type": "string"}
    }
  },
  "Health": {
    "type": "object",
    "required": ["status", "reason", "chain", "version", "size", "uptime_s", "host_kid", "time_ms"],
    "properties": {
      "status": {"enum": ["ok", "degraded"]},
      "reason": {"type": "string"},
      "chain": {"type": "string"},
      "version": {"type": "string"},
      "size": {"type": "integer"},
      "uptime_s": {"type": "integer"},
      "host_kid": {"type": "string"},
      "time_ms": {"type": "integer"}
    }
  },
  "Receipt": {
    "type": "object",
    "required": ["v", "tx", "index", "size", "path", "head"],
    "properties": {
      "v": {"const": 1},
      "tx": {"$ref": "#/components/schemas/Hash"},
      "index": {"type": "integer"},
      "size": {"type": "integer"},
      "path": {"type": "array", "items": {"$ref": "#/components/schemas/Hash"}},
      "head": {"$ref": "#/components/schemas/Jws"}
    }
  },
  "Submitted": {
    "type": "object",
    "required": ["tx", "index", "receipt"],
    "properties": {
      "tx": {"$ref": "#/components/schemas/Hash"},
      "index": {"type": "integer"},
      "receipt": {"$ref": "#/components/schemas/Receipt"},
      "decision": {"enum": ["OPEN", "CARRIED", "REJECTED", "WITHDRAWN"]}
    }
  },
  "Policy": {
    "type": "object",
    "required": ["version", "voters", "thresholds", "open_days", "index", "tx"],
    "properties": {
      "version": {"type": "integer"},
      "voters": {
        "type": "object",
        "required": ["kinds", "accounts"],
        "properties": {
          "kinds": {"type": "array", "items": {"type": "string"}},
          "accounts": {"type": "array", "items": {"type": "string"}}
        }
      },
      "thresholds": {"type": "object", "additionalProperties": {"type": "integer"}},
      "open_days": {"type": "integer"},
      "index": {"type": "integer"},
      "tx": {"$ref": "#/components/schemas/Hash"}
    }
  },
  "Proposal": {
    "type": "object",
    "required": ["proposal", "op", "body", "proposer", "state", "threshold", "approvals",
                 "rejections", "expires", "index"],
    "properties": {
      "proposal": {"$ref": "#/components/schemas/Hash"},
      "op": {"type": "string"},
      "body": {"type": "object"},
      "proposer": {"type": "string"},
      "state": {"enum": ["OPEN", "CARRIED", "REJECTED", "WITHDRAWN", "LAPSED", "VOID"]},
      "policy": {"type": "integer"},
      "threshold": {"type": "integer"},
      "approvals": {"type": "array", "items": {"type": "string"}},
      "rejections": {"type": "array", "items": {"type": "string"}},
      "expires": {"type": "integer"},
      "reason": {"type": "string"},
      "index": {"type": "integer"},
      "tx": {"$ref": "#/components/schemas/Hash"},
      "closed_index": {"type": "integer"},
      "transaction": {"$ref": "#/components/schemas/Jws"}
    }
  },
  "Mandate": {
    "type": "object",
    "required": ["mandate", "role", "subject", "holder", "giver", "parent", "items", "cosign",
                 "until", "state", "reason", "index", "tx"],
    "properties": {
      "mandate": {"type": "string"},
      "role": {"enum": ["guardian", "administrator", "handler"]},
      "subject": {"type": "string"},
      "holder": {"type": "string"},
      "giver": {"type": "string"},
      "parent": {"type": "string"},
      "items": {"type": "array", "items": {"type": "string"}, "description": "empty: every item"},
      "cosign": {"type": "boolean", "description": "grants under it need a second signature"},
      "until": {"type": "integer"},
      "state": {"enum": ["ACTIVE", "ENDED", "EXPIRED"]},
      "reason": {"type": "string"},
      "index": {"type": "integer"},
      "tx": {"$ref": "#/components/schemas/Hash"}
    }
  },
  "Mandates": {
    "type": "object",
    "required": ["mandates", "represents"],
    "properties": {
      "mandates": {"type": "array", "items": {"$ref": "#/components/schemas/Mandate"}},
      "represents": {"type": "array", "items": {"type": "string"}}
    }
  },
  "Proposals": {
    "type": "object",
    "required": ["proposals"],
    "properties": {
      "proposals": {"type": "array", "items": {"$ref": "#/components/schemas/Proposal"}}
    }
  },
  "TransactionBatch": {
    "type": "object",
    "required": ["transactions"],
    "additionalProperties": false,
    "description": "The whole body has at most 1 MiB (http.body_too_large).",
    "properties": {
      "transactions": {
        "type": "array",
        "minItems": 1,
        "maxItems": 100,
        "items": {"$ref": "#/components/schemas/Transaction"}
      }
    }
  },
  "SubmittedBatch": {
    "type": "object",
    "required": ["results"],
    "properties": {
      "results": {
        "type": "array",
        "description": "One for each transaction, in order",
        "items": {
          "oneOf": [
            {"$ref": "#/components/schemas/Submitted"},
            {
              "type": "object",
              "required": ["problem"],
              "properties": {"problem": {"$ref": "#/components/schemas/Problem"}}
            }
          ]
        }
      }
    }
  },
  "Recorded": {
    "type": "object",
    "required": ["tx", "receipt"],
    "properties": {
      "tx": {"$ref": "#/components/schemas/Hash"},
      "receipt": {"$ref": "#/components/schemas/Receipt"}
    }
  },
  "SignedTransaction": {
    "type": "object",
    "required": ["tx"],
    "properties": {"tx": {"$ref": "#/components/schemas/Transaction"}}
  },
  "StoredTransaction": {
    "type": "object",
    "required": ["transaction", "receipt", "witnessed"],
    "properties": {
      "transaction": {"$ref": "#/components/schemas/Transaction"},
      "receipt": {"$ref": "#/components/schemas/Receipt"},
      "witnessed": {
        "type": "array",
        "items": {
          "type": "object",
          "required": ["account", "cosignature", "receipt"],
          "properties": {
            "account": {"type": "string"},
            "cosignature": {"$ref": "#/components/schemas/Jws"},
            "receipt": {"$ref": "#/components/schemas/Receipt"}
          }
        }
      }
    }
  },
  "Head": {
    "type": "object",
    "required": ["head", "witnesses"],
    "properties": {
      "head": {"$ref": "#/components/schemas/Jws"},
      "witnesses": {
        "type": "array",
        "items": {
          "type": "object",
          "required": ["account", "size", "cosignature", "head"],
          "properties": {
            "account": {"type": "string"},
            "size": {"type": "integer"},
            "cosignature": {"$ref": "#/components/schemas/Jws"},
            "head": {"$ref": "#/components/schemas/Jws"}
          }
        }
      }
    }
  },
  "CosignHead": {
    "type": "object",
    "required": ["cosignature"],
    "additionalProperties": false,
    "properties": {"cosignature": {"$ref": "#/components/schemas/Jws"}}
  },
  "CosignedHead": {
    "type": "object",
    "required": ["size"],
    "properties": {"size": {"type": "integer"}}
  },
  "Consistency": {
    "type": "object",
    "required": ["from", "to", "from_root", "path"],
    "properties": {
      "from": {"type": "integer"},
      "to": {"type": "integer"},
      "from_root": {"$ref": "#/components/schemas/Hash"},
      "path": {"type": "array", "items": {"$ref": "#/components/schemas/Hash"}}
    }
  },
  "Network": {
    "type": "object",
    "required": ["chain", "genesis", "host_jwk"],
    "properties": {
      "chain": {"type": "string"},
      "genesis": {"type": "string", "description": "transaction 0, or empty before it"},
      "host_jwk": {"$ref": "#/components/schemas/Jwk"}
    }
  },
  "Account": {
    "type": "object",
    "required": ["account", "kind", "jwk", "retired_keys", "status", "opened_index"],
    "properties": {
      "account": {"type": "string"},
      "kind": {"type": "string"},
      "jwk": {"$ref": "#/components/schemas/Jwk"},
      "retired_keys": {"type": "array", "items": {"$ref": "#/components/schemas/Jwk"}},
      "status": {"type": "string"},
      "opened_index": {"type": "integer"}
    }
  }
})json";

}  // namespace qc::http
