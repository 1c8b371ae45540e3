import AdminAPI
import Cloud
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
            Route(
                method: .put, path: .secret("{secret}"), operation: "writeSecret",
                summary: "Set the value of a secret; nobody but the services that use it can read it", access: .change,
                query: [.dryRun], headers: [.ifMatch, .ifNoneMatchOnPut], body: Route.jsonBody(SecretChange.form),
                answers: [.changed, .created]
            ) { request in
                let name = try request.name("secret", of: .secret)
                let value = try await request.read(SecretChange.form) { change, _ in change.value }
                guard let secretKey else {
                    throw APIProblem(
                        .conflict, "ADMIN has no key to seal secrets with: `secrets-key` in its settings names a file.")
                }
                let identity = request.identity
                let time = Timestamp.text(registry.now())
                return try await change(request, places: .none, represent: { represent($0, name) }) { cloud in
                    let present = cloud.secrets[name]
                    // Who may not set the value does not learn whether it is the present one.
                    let maySet =
                        identity.role == .admin
                        && identity.scope.allows(secret: name, in: cloud, by: identity.name)
                    if let present, maySet, secretKey.open(present)?.isExactly(value) == true { return }
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

extension SecretResource {
    init(_ secret: SealedSecret) {
        self.init(
            name: secret.name, revision: secret.revision, changedBy: secret.changedBy, changedAt: secret.changedAt)
    }
}
