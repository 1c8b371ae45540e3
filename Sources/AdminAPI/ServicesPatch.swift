public import Names

/// Body of `PATCH /v1/services`: a version for services, or whether they run; for all of them or for none.
public struct ServicesPatch: Sendable, Hashable {
    public var services: [String]
    public var version: ServicePatch.Version?
    public var desired: DesiredRun?

    public init(services: [String], version: ServicePatch.Version? = nil, desired: DesiredRun? = nil) {
        self.services = services
        self.version = version
        self.desired = desired
    }

    /// What becomes of each of them.
    public var patch: ServicePatch { ServicePatch(version: version, desired: desired) }
}

extension ServicesPatch: Described {
    package static let form = Form<Self>.object(
        "ServicesPatch", .required("services", .set(of: .serviceName, atMost: Limits.applied), \.services),
        .present("version", ServicePatch.version, \.version), .present("desired", .choice, \.desired)
    ) { ServicesPatch(services: $0, version: $1, desired: $2) }
    .checking { change in
        if change.version == nil, change.desired == nil { return "one of `version` and `desired` is needed" }
        return change.version == ServicePatch.Version.none && change.desired != nil ? InstallationRule.text : nil
    }
}
