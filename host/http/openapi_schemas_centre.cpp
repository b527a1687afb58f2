#include "host/http/openapi_schemas.hpp"

namespace qc::http {

const std::string_view kCentreSchemas = R"json({
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
      "routes": {
        "type": "array",
        "description": "the product's own paths that are served",
        "items": {
          "type": "object",
          "required": ["method", "path", "who"],
          "properties": {
            "method": {"enum": ["GET", "POST"]},
            "path": {"type": "string"},
            "who": {"enum": ["any", "member", "owner"]}
          }
        }
      },
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
      "pinned": {"type": "string"},
      "asked": {"type": "array", "items": {"type": "string"}},
      "capabilities": {
        "type": "array",
        "description": "granted to the loaded generation",
        "items": {"type": "string"}
      },
      "budgets": {
        "type": ["object", "null"],
        "description": "in force; memory and processor are null inside the host's own process",
        "properties": {
          "memory_mib": {"type": ["integer", "null"]},
          "cpu_percent": {"type": ["integer", "null"]},
          "time_ms": {"type": "integer"},
          "message_kib": {"type": "integer"}
        }
      }
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

}  // namespace qc::http
