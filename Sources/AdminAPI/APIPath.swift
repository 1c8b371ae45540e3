public import Names

/// A path of the REST API, relative to ADMIN's address. ADMIN's routes and all clients take it from here.
///
/// Clients fill in names and use `encoded`; ADMIN fills in parameters (`{server}`) and uses `pattern`.
public struct APIPath: Sendable, Hashable {
    /// The segments, not encoded; a name with a slash is one segment.
    public let segments: [String]

    private init(_ segments: String...) { self.segments = ["v1"] + segments }

    private init(root segments: String...) { self.segments = segments }

    /// `/v1/locations/{location}`: without encoding, for ADMIN's routes.
    public var pattern: String { "/" + segments.joined(separator: "/") }

    /// `/v1/servers/a%2Fb`: everything that is not unreserved is percent-encoded (RFC 3986, section 2.3).
    public var encoded: String { segments.map { "/" + Self.encoded($0) }.joined() }

    /// Percent-encodes everything that is not unreserved.
    public static func encoded(_ text: String) -> String { encoded(text.utf8) }

    /// Percent-encodes bytes that need not be valid UTF-8.
    static func encoded(_ bytes: some Sequence<UInt8>) -> String {
        bytes.reduce(into: "") { result, byte in
            if isUnreserved(byte) {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }
}

extension APIPath {
    /// Whether ADMIN is running.
    public static let alive = Self(root: "healthz")
    /// Whether ADMIN's database can be read and written.
    public static let ready = Self(root: "readyz")
    /// The OpenAPI description.
    public static let description = Self(root: "openapi.json")

    public static let apply = Self("apply")
    /// The whole registry, as an apply takes it.
    public static let cloud = Self("cloud")
    /// What services have fetched of their configurations.
    public static let configurations = Self("configurations")
    public static let events = Self("events")
    public static let gateways = Self("gateways")
    /// What gateways say of the health of real servers.
    public static let health = Self("health")
    public static let locations = Self("locations")
    /// The version of ADMIN.
    public static let version = Self("version")
    /// The instances in the form that Prometheus reads (`http_sd_configs`).
    public static let prometheus = Self("discovery", "prometheus")
    public static let marks = Self("marks")
    public static let secrets = Self("secrets")
    public static let servers = Self("servers")
    public static let services = Self("services")
    /// Brings servers and services into a state, all of them or none.
    public static let states = Self("states")
    public static let tokens = Self("tokens")
    /// What servers do once, or have done.
    public static let jobs = Self("jobs")
    /// Where a server exchanges its join token for its own.
    public static let join = Self("join")
    /// The links of services' masters.
    public static let links = Self("links")
    /// What the nodes of servers tell.
    public static let nodes = Self("nodes")
    public static let types = Self("types")

    /// A location.
    public static func location(_ name: String) -> Self { Self("locations", name) }
    /// The pools of a location.
    public static func pools(of location: String) -> Self { Self("locations", location, "pools") }
    public static func pool(_ name: String, of location: String) -> Self { Self("locations", location, "pools", name) }
    /// The egress rules of a location.
    public static func egress(of location: String) -> Self { Self("locations", location, "egress") }
    public static func egress(_ name: String, of location: String) -> Self {
        Self("locations", location, "egress", name)
    }
    /// The services export of a location.
    public static func export(of location: String) -> Self { Self("locations", location, "services.csv") }
    /// Whether the gateways of a location have confirmed a change.
    public static func confirmation(at location: String) -> Self { Self("locations", location, "confirmation") }
    public static func gateway(_ name: String, of location: String) -> Self { Self("gateways", location, name) }
    /// What a gateway says of itself beside its polls.
    public static func report(ofGateway name: String, of location: String) -> Self {
        Self("gateways", location, name, "report")
    }
    public static func mark(_ number: String) -> Self { Self("marks", number) }
    public static func secret(_ name: String) -> Self { Self("secrets", name) }
    /// Which services use a secret.
    public static func usage(ofSecret name: String) -> Self { Self("secrets", name, "usage") }
    public static func server(_ name: String) -> Self { Self("servers", name) }
    public static func service(_ name: String) -> Self { Self("services", name) }
    public static func job(_ id: String) -> Self { Self("jobs", id) }
    /// What a server is to have and to run.
    public static func assignments(of server: String) -> Self { Self("servers", server, "assignments") }
    /// What a server's node says of it.
    public static func report(ofServer server: String) -> Self { Self("servers", server, "report") }
    /// Where a server's node sends logs of its services.
    public static func logs(ofServer server: String) -> Self { Self("servers", server, "logs") }
    /// Where a server's node reports crashes of its services.
    public static func crashes(ofServer server: String) -> Self { Self("servers", server, "crashes") }
    /// Where a server's node sends the dump of a crash, or says that it has none.
    public static func dump(of crash: String, onServer server: String) -> Self {
        Self("servers", server, "crashes", crash, "dump")
    }
    /// The log of a service.
    public static func log(of service: String) -> Self { Self("services", service, "log") }
    /// A server's node, with its report.
    public static func node(of server: String) -> Self { Self("servers", server, "node") }
    /// The token by which a server joins.
    public static func joining(of server: String) -> Self { Self("servers", server, "join") }
    /// What a server has of a service, which may have left it.
    public static func service(_ name: String, on server: String) -> Self { Self("servers", server, "services", name) }
    /// A service's own token on a server.
    public static func token(of service: String, on server: String) -> Self {
        Self("servers", server, "services", service, "token")
    }
    /// What a service's server is to do once.
    public static func jobs(of service: String) -> Self { Self("services", service, "jobs") }
    /// What a service's master is to have and to do.
    public static func orders(of service: String) -> Self { Self("services", service, "orders") }
    /// What a service's master says of it.
    public static func report(ofService service: String) -> Self { Self("services", service, "report") }
    /// The link of a service's master.
    public static func link(of service: String) -> Self { Self("services", service, "link") }
    /// The move of a service to another server.
    public static func move(of service: String) -> Self { Self("services", service, "move") }
    /// Has another instance take over from a service.
    public static func variant(of service: String) -> Self { Self("services", service, "variant") }
    public static func switchOver(from service: String) -> Self { Self("services", service, "switch") }
    /// The configuration of a service, by its full name.
    public static func configuration(of service: String) -> Self { Self("services", service, "config") }
    public static func token(_ name: String) -> Self { Self("tokens", name) }
    public static func type(_ name: String) -> Self { Self("types", name) }
    /// The instances of a type with their addresses and ports.
    public static func instances(of type: String) -> Self { Self("types", type, "instances") }
    /// The number of a type's services.
    public static func scale(of type: String) -> Self { Self("types", type, "scale") }
    /// The revisions of a type.
    public static func revisions(of type: String) -> Self { Self("types", type, "revisions") }

    /// The notices that are kept.
    public static let notices = Self("notices")
    public static func notice(_ number: String) -> Self { Self("notices", number) }

    /// Crashes of services, by what they have in common.
    public static let crashes = Self("crashes")
    public static func crashes(_ fingerprint: String) -> Self { Self("crashes", fingerprint) }
    /// The report of a crash.
    public static func crash(_ id: String, in fingerprint: String) -> Self {
        Self("crashes", fingerprint, "reports", id)
    }
    /// The dump of a crash, which its node keeps.
    public static func dump(of id: String, in fingerprint: String) -> Self {
        Self("crashes", fingerprint, "reports", id, "dump")
    }

    /// The rollouts at work, and the newest of those that have ended.
    public static let rollouts = Self("rollouts")
    public static func rollout(_ id: String) -> Self { Self("rollouts", id) }
    /// An order to a rollout.
    public static func order(_ order: RolloutOrder, to id: String) -> Self { Self("rollouts", id, order.rawValue) }

    /// The versions of services that ADMIN keeps.
    public static let versions = Self("versions")
    /// Which contents of files ADMIN does not have.
    public static let missingBlobs = Self("versions", "missing")
    /// Removes contents that no version needs.
    public static let collection = Self("versions", "collection")
    public static func version(_ name: String, of type: String) -> Self { Self("versions", type, name) }
    /// The exact bytes of a version's manifest.
    public static func manifest(of version: String, _ type: String) -> Self {
        Self("versions", type, version, "manifest")
    }
    public static func signatures(of version: String, _ type: String) -> Self {
        Self("versions", type, version, "signatures")
    }
    public static func mark(of version: String, _ type: String) -> Self { Self("versions", type, version, "mark") }
    /// Reads all of a version.
    public static func verification(of version: String, _ type: String) -> Self {
        Self("versions", type, version, "verification")
    }
    /// Has a server build a version.
    public static func builds(of version: String, _ type: String) -> Self { Self("versions", type, version, "builds") }
    /// The exact bytes of a manifest by its SHA-256.
    public static func manifest(_ digest: String) -> Self { Self("manifests", digest) }
    public static func signatures(ofManifest digest: String) -> Self { Self("manifests", digest, "signatures") }
    /// The compressed bytes of a content by its SHA-256.
    public static func blob(_ digest: String) -> Self { Self("blobs", digest) }
    /// The upload of a content by its SHA-256.
    public static func upload(_ digest: String) -> Self { Self("uploads", digest) }
}
