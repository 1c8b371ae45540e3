import AdminAPI
import Cloud
import CombinedConfiguration
import Hummingbird
import Names
import Registry
import Text

extension RouteTable {
    var secretRoutes: [Route] {
        let represent = { @Sendable (state: RegistryState, name: String) in
            state.cloud.secrets[name].map(SecretResource.init)
        }
        return [
            .get(
                .secrets, operation: "listSecrets", "The names of the secrets",
                answering: [SecretResource].form
            ) { request in
                let secrets = try await registry.state().cloud.secrets.values
                return try Self.answer(
                    secrets.map(SecretResource.init).sorted { $0.name < $1.name }, to: request)
            },
            .get(
                .usage(ofSecret: "{secret}"), operation: "listSecretUsage",
                "The services that use a secret, and the revision that each has fetched with its own token",
                answering: [SecretUsage].form
            ) { request in
                let name = request.parameter("secret")
                let state = try await registry.state()
                guard state.cloud.secrets[name] != nil else {
                    throw ChangeError.missing("secret \(name.shownName())")
                }
                return try Self.answer(
                    state.usage(ofSecret: name, try await registry.configurationUses.all()), to: request)
            },
            Route(
                method: .put, path: .secret("{secret}"), operation: "writeSecret",
                summary: "Set the value of a secret; nobody but the services that use it can read it", access: .change,
                query: [.dryRun], headers: [.ifMatch, .ifNoneMatchOnPut], body: Route.jsonBody(SecretChange.form),
                answers: [.changed, .created]
            ) { request in
                let name = try request.name("secret", of: .secret)
                let value = try await request.read(SecretChange.form) { change, _ in change.bytes }
                guard let secretKey else {
                    throw APIProblem(
                        .conflict, "ADMIN has no key to seal secrets with: `secrets-key` in its settings names a file.")
                }
                let identity = request.identity
                let time = Timestamp.text(registry.now())
                return try await change(request, places: .none, represent: { represent($0, name) }) { cloud in
                    let present = cloud.secrets[name]
                    // A caller that may not set the value must not learn whether it is the present one.
                    let maySet =
                        identity.role == .admin
                        && identity.scope.allows(secret: name, in: cloud, by: identity.name)
                    if let present, maySet, secretKey.open(present) == value { return }
                    cloud.secrets[name] = try secretKey.seal(
                        value, name: name, revision: (present?.revision ?? 0) + 1, by: identity.name, at: time)
                }
            },
            Route(
                method: .delete, path: .secret("{secret}"), operation: "deleteSecret",
                summary: "Delete a secret that no type uses", access: .change, query: [.dryRun], headers: [.ifMatch],
                answers: [.changed]
            ) { request in
                let name = request.parameter("secret")
                return try await change(request, places: .none, represent: { represent($0, name) }) {
                    try $0.deleteSecret(name)
                }
            },
        ]
    }
}

extension RegistryState {
    /// The services that use a secret, or have fetched it. Walks over all services.
    fileprivate func usage(ofSecret name: String, _ uses: [String: ConfigurationUse]) -> [SecretUsage] {
        let types = Set(configurations.templates.filter { $0.value.secrets[name] != nil }.keys)
        return cloud.services.values.sorted { ($0.type, $0.index) < ($1.type, $1.index) }.compactMap { service in
            let use = uses[service.name]
            let revision = use?.secrets[name]
            let isNamed = types.contains(service.type)
            guard isNamed || revision != nil else { return nil }
            return SecretUsage(
                service: service.name, revision: revision, isNamed: isNamed,
                isCurrent: use != nil && use?.digest == configurations.digests[service.name], since: use?.since,
                last: use?.last)
        }
    }
}

extension SecretResource {
    init(_ secret: SealedSecret) {
        self.init(
            name: secret.name, kind: secret.kind == .text ? .text : .binary, revision: secret.revision,
            changedBy: secret.changedBy, changedAt: secret.changedAt)
    }
}
