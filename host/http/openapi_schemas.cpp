#include "host/http/openapi.hpp"

namespace qc::http {
namespace {

// Names of members are those of docs/formats.md; the rules of the ledger say what they mean.
constexpr std::string_view kBasics = R"json({
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
    "required": ["status", "chain", "version", "size", "uptime_s", "host_kid", "time_ms"],
    "properties": {
      "status": {"enum": ["ok", "degraded"]},
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

constexpr std::string_view kCentre = R"json({
  "Member": {
    "type": "object",
    "required": ["account", "kind", "status"],
    "properties": {
      "account": {"type": "string"},
      "kind": {
        "enum": ["operator", "registrar", "department", "bank", "service", "regulator", "host"]
      },
      "code": {"type": "string"},
      "name_zh": {"type": "string"},
      "name_en": {"type": "string"},
      "uscc": {"type": "string"},
      "contact": {"type": "string"},
      "jwk": {"$ref": "#/components/schemas/Jwk"},
      "retired_keys": {"type": "array", "items": {"$ref": "#/components/schemas/Jwk"}},
      "status": {"enum": ["active", "suspended"]}
    }
  },
  "Members": {
    "type": "object",
    "required": ["members"],
    "properties": {"members": {"type": "array", "items": {"$ref": "#/components/schemas/Member"}}}
  },
  "Items": {
    "type": "object",
    "required": ["items"],
    "properties": {
      "items": {
        "type": "array",
        "items": {
          "type": "object",
          "properties": {
            "item": {"type": "string"},
            "version": {"type": "integer"},
            "name_zh": {"type": "string"},
            "name_en": {"type": "string"},
            "sensitivity": {"type": "integer", "minimum": 1, "maximum": 4}
          }
        }
      }
    }
  },
  "Products": {
    "type": "object",
    "required": ["products"],
    "properties": {
      "products": {
        "type": "array",
        "items": {
          "type": "object",
          "properties": {
            "product": {"type": "string"},
            "version": {"type": "integer"},
            "name_zh": {"type": "string"},
            "name_en": {"type": "string"}
          }
        }
      }
    }
  },
  "Statistics": {"type": "object", "description": "counters by kind and state"},
  "Plugin": {
    "type": "object",
    "required": ["plugin", "version", "kind", "state"],
    "properties": {
      "plugin": {"type": "string"},
      "version": {"type": "string"},
      "kind": {"enum": ["department", "product", ""]},
      "owner": {"type": "string"},
      "digest": {"type": "string"},
      "state": {
        "enum": [
          "discovered",
          "verified",
          "admitted",
          "loaded",
          "configured",
          "active",
          "draining",
          "stopped",
          "failed",
          "restarting",
          "quarantined"
        ]
      },
      "items": {"type": "array", "items": {"type": "string"}},
      "product": {"type": "string"},
      "jwk": {"type": ["object", "null"]},
      "calls": {"type": "integer"},
      "errors": {"type": "integer"},
      "in_flight": {"type": "integer"},
      "reason": {"type": "string"},
      "isolation": {"enum": ["host", "process"]},
      "generation": {"type": "integer"},
      "failures": {"type": "object", "additionalProperties": {"type": "integer"}},
      "latency_us": {
        "type": "object",
        "properties": {
          "p50": {"type": "number"},
          "p95": {"type": "number"},
          "p99": {"type": "number"}
        }
      },
      "restarts": {"type": "integer"},
      "refusals": {"type": "integer"},
      "memory_bytes": {"type": "integer"},
      "cpu_ms": {"type": "integer"},
      "retired": {"type": "integer"},
      "draining": {"type": "integer"},
      "overdue": {"type": "integer"},
      "mapped": {"type": "integer"},
      "canary": {
        "type": ["object", "null"],
        "properties": {
          "version": {"type": "string"},
          "digest": {"type": "string"},
          "generation": {"type": "integer"},
          "percent": {"type": "integer"},
          "calls": {"type": "integer"},
          "faults": {"type": "integer"},
          "after_calls": {"type": "integer"},
          "max_failed_percent": {"type": "integer"}
        }
      },
      "kept": {
        "type": "array",
        "items": {
          "type": "object",
          "properties": {"version": {"type": "string"}, "digest": {"type": "string"}}
        }
      },
      "pinned": {"type": "string"}
    }
  },
  "PluginDowngrade": {
    "type": "object",
    "properties": {"digest": {"type": "string"}}
  },
  "PluginCanary": {
    "type": "object",
    "properties": {
      "percent": {"type": "integer", "minimum": 1, "maximum": 99},
      "after_calls": {"type": "integer", "minimum": 1, "maximum": 1000000},
      "max_failed_percent": {"type": "integer", "minimum": 0, "maximum": 100}
    }
  },
  "PluginHealth": {
    "type": "object",
    "required": ["status", "detail"],
    "properties": {
      "status": {"enum": ["ok", "degraded"]},
      "detail": {"type": "string"},
      "version": {"type": "string"},
      "digest": {"type": "string"},
      "generation": {"type": "integer"}
    }
  },
  "Plugins": {
    "type": "object",
    "required": ["plugins"],
    "properties": {"plugins": {"type": "array", "items": {"$ref": "#/components/schemas/Plugin"}}}
  },
  "Trace": {
    "type": "object",
    "required": ["account", "events"],
    "properties": {
      "account": {"type": "string"},
      "events": {
        "type": "array",
        "items": {
          "type": "object",
          "properties": {
            "n": {"type": "integer"},
            "index": {"type": "integer"},
            "tx": {"$ref": "#/components/schemas/Hash"},
            "op": {"type": "string"},
            "time_ms": {"type": "integer"},
            "actor": {"type": "string"},
            "summary": {"type": "object"},
            "transaction": {"$ref": "#/components/schemas/Transaction"},
            "receipt": {"$ref": "#/components/schemas/Receipt"}
          }
        }
      }
    }
  },
  "Completeness": {
    "type": "object",
    "required": ["account", "count", "events", "proof", "head"],
    "properties": {
      "account": {"type": "string"},
      "count": {"type": "integer"},
      "head_hash": {"type": "string"},
      "events": {
        "type": "array",
        "items": {
          "type": "object",
          "properties": {"index": {"type": "integer"}, "tx": {"$ref": "#/components/schemas/Hash"}}
        }
      },
      "proof": {"type": "object"},
      "head": {"$ref": "#/components/schemas/Jws"}
    }
  },
  "Flows": {
    "type": "object",
    "required": ["flows"],
    "properties": {
      "flows": {
        "type": "array",
        "items": {
          "type": "object",
          "properties": {
            "index": {"type": "integer"},
            "time_ms": {"type": "integer"},
            "op": {"type": "string"},
            "consumer": {"type": "string"},
            "product": {"type": "string"},
            "purpose": {"type": "string"},
            "items": {"type": "array"},
            "outcome": {"type": "string"},
            "grant": {"type": "string"},
            "access": {"type": "string"},
            "subject": {"type": "string"}
          }
        }
      }
    }
  }
})json";

constexpr std::string_view kExchange = R"json({
  "OpenAccount": {
    "type": "object",
    "required": ["jwk", "claim"],
    "additionalProperties": false,
    "properties": {
      "jwk": {"$ref": "#/components/schemas/Jwk"},
      "claim": {"$ref": "#/components/schemas/Jwe"}
    }
  },
  "ProveAccount": {
    "type": "object",
    "required": ["claim"],
    "additionalProperties": false,
    "properties": {"claim": {"$ref": "#/components/schemas/Jwe"}}
  },
  "ProvedAccount": {
    "type": "object",
    "required": ["account", "credential"],
    "properties": {
      "account": {"type": "string"},
      "credential": {"$ref": "#/components/schemas/Jwe"}
    }
  },
  "OpenedAccount": {
    "type": "object",
    "required": ["account", "credential", "tx", "receipt"],
    "properties": {
      "account": {"type": "string"},
      "credential": {"$ref": "#/components/schemas/Jwe"},
      "tx": {"type": "string"},
      "receipt": {"$ref": "#/components/schemas/Receipt"}
    }
  },
  "IssueAsset": {
    "type": "object",
    "required": ["item", "identity"],
    "additionalProperties": false,
    "properties": {"item": {"type": "string"}, "identity": {"$ref": "#/components/schemas/Jwe"}}
  },
  "IssuedAsset": {
    "type": "object",
    "required": ["asset", "item", "version", "jwe", "tx", "receipt"],
    "properties": {
      "asset": {"type": "string"},
      "item": {"type": "string"},
      "version": {"type": "integer"},
      "jwe": {"$ref": "#/components/schemas/Jwe"},
      "tx": {"type": "string"},
      "receipt": {"$ref": "#/components/schemas/Receipt"}
    }
  },
  "Asset": {
    "type": "object",
    "required": ["asset", "item", "version", "state"],
    "properties": {
      "asset": {"type": "string"},
      "item": {"type": "string"},
      "version": {"type": "integer"},
      "fields": {"type": "array"},
      "as_of": {},
      "expires": {},
      "state": {"type": "string"},
      "index": {"type": "integer"}
    }
  },
  "Assets": {
    "type": "object",
    "required": ["assets"],
    "properties": {"assets": {"type": "array", "items": {"$ref": "#/components/schemas/Asset"}}}
  },
  "AssetWithCiphertext": {
    "allOf": [
      {"$ref": "#/components/schemas/Asset"},
      {
        "type": "object",
        "required": ["jwe"],
        "properties": {"jwe": {"$ref": "#/components/schemas/Jwe"}}
      }
    ]
  },
  "Request": {
    "type": "object",
    "required": ["request", "state", "body", "tx", "index"],
    "properties": {
      "request": {"type": "string"},
      "state": {"enum": ["REQUESTED", "PRESENTED", "REJECTED", "CANCELLED", "GRANTED", "LAPSED"]},
      "body": {"type": "object"},
      "tx": {"$ref": "#/components/schemas/Hash"},
      "index": {"type": "integer"},
      "consumer": {"type": "object"},
      "pseudonym": {"type": "string"}
    }
  },
  "Requests": {
    "type": "object",
    "required": ["requests"],
    "properties": {"requests": {"type": "array", "items": {"$ref": "#/components/schemas/Request"}}}
  },
  "Presentation": {
    "type": "object",
    "required": ["item", "jwe"],
    "properties": {"item": {"type": "string"}, "jwe": {"$ref": "#/components/schemas/Jwe"}}
  },
  "CreateGrant": {
    "type": "object",
    "required": ["tx", "presentations"],
    "additionalProperties": false,
    "properties": {
      "tx": {"$ref": "#/components/schemas/Transaction"},
      "presentations": {"type": "array", "items": {"$ref": "#/components/schemas/Presentation"}}
    }
  },
  "CreatedGrant": {
    "type": "object",
    "required": ["grant", "receipt", "tx"],
    "properties": {
      "grant": {"type": "string"},
      "tx": {"type": "string"},
      "receipt": {"$ref": "#/components/schemas/Receipt"}
    }
  },
  "Grant": {
    "type": "object",
    "required": ["grant", "state", "uses", "body", "tx", "index"],
    "properties": {
      "grant": {"type": "string"},
      "state": {"enum": ["PENDING_COSIGN", "ACTIVE", "PAUSED", "REVOKED", "DELETED", "LAPSED",
                         "EXPIRED", "EXHAUSTED"]},
      "cosigner": {"type": "string", "description": "\"\" without one"},
      "uses": {"type": "integer"},
      "body": {"type": "object"},
      "tx": {"$ref": "#/components/schemas/Hash"},
      "index": {"type": "integer"}
    }
  },
  "Grants": {
    "type": "object",
    "required": ["grants"],
    "properties": {"grants": {"type": "array", "items": {"$ref": "#/components/schemas/Grant"}}}
  },
  "Access": {
    "type": "object",
    "required": ["access", "grant", "state", "acked", "body", "index"],
    "properties": {
      "access": {"type": "string"},
      "grant": {"type": "string"},
      "state": {"enum": ["OPENED", "DELIVERED", "PARTIAL", "DENIED", "FAILED"]},
      "acked": {"type": "boolean"},
      "body": {"type": "object"},
      "index": {"type": "integer"}
    }
  },
  "Accesses": {
    "type": "object",
    "required": ["accesses"],
    "properties": {"accesses": {"type": "array", "items": {"$ref": "#/components/schemas/Access"}}}
  },
  "AccessResult": {
    "type": "object",
    "required": ["access", "outcome", "payload_sm3", "receipts", "withheld"],
    "properties": {
      "access": {"type": "string"},
      "outcome": {"enum": ["delivered", "partial"]},
      "payload_sm3": {"$ref": "#/components/schemas/Hash"},
      "receipts": {
        "type": "object",
        "properties": {
          "open": {"$ref": "#/components/schemas/Receipt"},
          "release": {"$ref": "#/components/schemas/Receipt"}
        }
      },
      "decision": {"$ref": "#/components/schemas/Jwe"},
      "presentations": {"type": "array", "items": {"$ref": "#/components/schemas/Presentation"}},
      "withheld": {"type": "array"}
    }
  }
})json";

}  // namespace

Json openapi_schemas() {
  Json out = Json::object();
  for (const std::string_view part : {kBasics, kCentre, kExchange}) {
    auto parsed = parse_json(part);
    assert(parsed.ok());  // constant text
    out.update(parsed.value());
  }
  return out;
}

}  // namespace qc::http
