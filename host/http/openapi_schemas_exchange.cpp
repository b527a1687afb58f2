#include "host/http/openapi_schemas.hpp"

namespace qc::http {

const std::string_view kExchangeSchemas = R"json({
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
  "DueAccess": {
    "type": "object",
    "required": ["grant", "access", "number", "since", "until", "missed"],
    "properties": {
      "grant": {"type": "string"},
      "access": {"type": "string", "description": "the same for this due time, whoever asks"},
      "number": {"type": "integer"},
      "since": {"type": "integer"},
      "until": {"type": "integer"},
      "missed": {"type": "integer", "description": "due times right before it without an access"},
      "code": {"type": "string", "description": "of what is held: why"},
      "open": {"type": "object", "description": "of what is due: the body of access.open"}
    }
  },
  "DueAccesses": {
    "type": "object",
    "required": ["product", "time", "plugin", "due", "held", "next"],
    "properties": {
      "product": {"type": "string"},
      "time": {"type": "integer"},
      "plugin": {"type": "object"},
      "due": {"type": "array", "items": {"$ref": "#/components/schemas/DueAccess"}},
      "held": {"type": "array", "items": {"$ref": "#/components/schemas/DueAccess"}},
      "next": {"type": "integer", "description": "when the next due time begins, 0 = none"}
    }
  },
  "OwnRouteBody": {
    "type": "object",
    "description": "as the product's plugin describes it; at most 64 KiB"
  },
  "OwnRouteAnswer": {
    "type": "object",
    "description": "as the product's plugin describes it; at most 256 KiB"
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

}  // namespace qc::http
