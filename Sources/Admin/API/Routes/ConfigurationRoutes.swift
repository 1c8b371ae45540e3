import AdminAPI
import Cloud
import CombinedConfiguration
import Foundation
import HTTPTypes
import Hummingbird
import JSON
import NIOCore
import Registry
import Text
import YAML

extension RouteTable {
    var configurationRoutes: [Route] {
        [
            Route(
                method: .get, path: .configuration(of: "{service}"), operation: "readConfiguration",
                summary: "The combined configuration of a service; its secrets for its own token and its server's only",
                access: .configuration,
                query: [
                    Route.Parameter(
                        name: QueryParameter.explain,
                        summary: "true: where each value comes from, in place of the values",
                        schema: ["type": "boolean", "default": false])
                ],
                headers: [
                    .ifNoneMatch, .prefer("the configuration", "; without If-None-Match, until the service exists"),
                ],
                answers: [
                    Route.Answer(
                        status: .ok, summary: "The configuration, or with explain an explanation of it (JSON)",
                        content: [
                            (
                                MediaType.json,
                                ["anyOf": [["type": "object"], ConfigurationExplanation.form.schema]]
                            ), (MediaType.yaml, ["type": "object"]),
                        ], headers: [.eTag, .vary, .preferenceApplied]),
                    .notModifiedPoll,
                ], problems: [.conflict]
            ) { request in try await readConfiguration(request) },
            .get(
                .configurations, operation: "listConfigurations",
                "What each service has fetched of its configuration with its own token",
                answering: [ConfigurationUsage].form
            ) { request in
                let state = try await registry.state()
                return try Self.answer(state.usage(try await registry.configurationUses.all()), to: request)
            },
        ]
    }

    private func readConfiguration(_ request: APIRequest) async throws -> Response {
        let name = request.parameter("service")
        if request.identity.role == .service, request.identity.service != name {
            throw Authenticator.forbidden(
                "Token \(request.identity.name) is of the service \(request.identity.service ?? ""), "
                    + "whose configuration it may read, and of no other.")
        }
        try Self.requireOnServer(name, request, try await registry.state(seen: request.look?.position.commit))
        switch request.query[QueryParameter.explain] {
        case nil, "false": return try await values(of: name, request)
        case "true": return try Self.answer(try await registry.state().explanation(of: name), to: request)
        case .some: throw APIProblem.badRequest("?explain", "explain is true or false.")
        }
    }

    /// Throws a 403 if the token is bound to a server, and the service is not there.
    static func requireOnServer(_ name: String, _ request: APIRequest, _ state: RegistryState) throws {
        guard let server = request.identity.server, state.cloud.services[name] != nil,
            !state.cloud.isPresent(name, on: server)
        else { return }
        throw Authenticator.forbidden(
            "Token \(request.identity.name) counts on the server \(server) only, where the service \(name) is not.")
    }

    private func values(of name: String, _ request: APIRequest) async throws -> Response {
        let offers = [MediaType.json, MediaType.yaml]
        guard let format = AcceptField(request.headers[.accept]).best(of: offers) else {
            throw Self.notAcceptable(offers)
        }
        let view = ConfigurationView(
            isYAML: format == MediaType.yaml,
            showsSecrets: request.identity.role == .service || request.identity.role == .server)
        var state = try await registry.state(seen: request.look?.position.commit)
        var poll = ConditionalPoll(request)
        if state.cloud.services[name] == nil {
            // A service that starts before it was added waits for its configuration.
            let commit = try await poll.holdUntilExistence(request) {
                [changes = registry.configurationChanges] tokens in
                await changes.change(of: name, tokens: tokens, knowingAbsence: true) { _ in false }
            }
            if poll.wasHeld {
                state = try await poll.afterwards { try await registry.state(seen: commit) }
            }
            let tag = try await poll.afterwards { [state] in view.tag(of: try state.configurationDigest(of: name)) }
            return try answer(poll, tag, of: name, state, view, to: request)
        }
        var tag = view.tag(of: try state.configurationDigest(of: name))
        if poll.condition?.matchesWeakly(tag) == true { note(request, name, state) }
        let commit = try await poll.hold(request, knowing: tag) {
            [changes = registry.configurationChanges] known, tokens in
            await changes.change(of: name, tokens: tokens) { known.matchesWeakly(view.tag(of: $0)) }
        }
        if poll.wasHeld {
            (state, tag) = try await poll.afterwards {
                let state = try await registry.state(seen: commit)
                return (state, view.tag(of: try state.configurationDigest(of: name)))
            }
        }
        return try answer(poll, tag, of: name, state, view, to: request)
    }

    private func answer(
        _ poll: ConditionalPoll, _ tag: String, of name: String, _ state: RegistryState, _ view: ConfigurationView,
        to request: APIRequest
    ) throws -> Response {
        if poll.wasHeld { try Self.requireOnServer(name, request, state) }
        let response = try poll.answer(
            tag: tag, caching: view.showsSecrets ? "no-store" : "no-cache",
            headers: [.contentType: view.isYAML ? MediaType.yaml : MediaType.json]
        ) {
            ResponseBody(
                byteBuffer: ByteBuffer(bytes: try view.bytes(of: try state.configuration(of: name), state, secretKey)))
        }
        if response.status == .ok { note(request, name, state) }
        return response
    }

    /// Records that a service has its present configuration, if it asks itself.
    private func note(_ request: APIRequest, _ name: String, _ state: RegistryState) {
        guard request.identity.role == .service, request.request.method == .get,
            let digest = state.configurations.digests[name]
        else { return }
        registry.configurationUses.note(name, has: digest, at: Timestamp.text(registry.now())) {
            let secrets = state.cloud.services[name].flatMap { state.configurations.templates[$0.type]?.secrets }
            return (secrets ?? [:]).keys.reduce(into: [:]) { $0[$1] = state.cloud.secrets[$1]?.revision }
        }
    }
}

/// One of the forms in which a configuration is returned. Each has its own ETag.
private struct ConfigurationView: Sendable {
    let isYAML: Bool
    let showsSecrets: Bool

    /// The ETag of this form for a configuration's digest.
    func tag(of digest: String) -> String {
        ConfigurationTag.of(digest, isYAML: isYAML, showsSecrets: showsSecrets)
    }

    func bytes(of root: ConfigurationNode, _ state: RegistryState, _ key: SecretKey?) throws -> [UInt8] {
        let shown =
            showsSecrets
            ? try root.revealing { secret in
                guard let value = state.cloud.secrets[secret.name].flatMap({ key?.open($0) }),
                    let text = secret.text(of: value)
                else {
                    throw RegistryError.unavailable(
                        "the secret \(secret.name) cannot be opened with the key ADMIN has")
                }
                return text
            } : root
        return isYAML ? Array(shown.yaml.yamlText().utf8) : shown.json
    }
}

extension SecretReference {
    /// What stands in the place of the secret; `nil` if it must be a text, and the value is none.
    fileprivate func text(of value: [UInt8]) -> String? {
        switch form {
        case .text: String(validating: value, as: UTF8.self)
        case .base64: Data(value).base64EncodedString()
        }
    }
}

extension RegistryState {
    /// What each service has fetched. Walks over all services.
    fileprivate func usage(_ uses: [String: ConfigurationUse]) -> [ConfigurationUsage] {
        cloud.services.values.sorted { ($0.type, $0.index) < ($1.type, $1.index) }.map { service in
            let use = uses[service.name]
            return ConfigurationUsage(
                service: service.name,
                isCurrent: use != nil && use?.digest == configurations.digests[service.name], since: use?.since,
                last: use?.last)
        }
    }

    /// The digest of a service's configuration.
    ///
    /// Throws if there is no such service, and with the reasons if it has no configuration.
    fileprivate func configurationDigest(of name: String) throws -> String {
        if let digest = configurations.digests[name] { return digest }
        let service = try cloud.service(name)
        throw APIProblem(
            .conflict, "The configuration of \(service.name) cannot be combined.",
            errors: configurations.faults(of: name, configurations.directory(of: cloud)).map {
                .init(pointer: "\($0.position)", detail: $0.message)
            }, kind: .contradiction)
    }

    fileprivate func configuration(of name: String) throws -> ConfigurationNode {
        _ = try configurationDigest(of: name)
        guard let root = configurations.configuration(of: name, configurations.directory(of: cloud)) else {
            throw ChangeError.missing("service \(name.shownName())")
        }
        return root
    }

    /// The origin of each value in a service's configuration.
    fileprivate func explanation(of name: String) throws -> ConfigurationExplanation {
        let root = try configuration(of: name)
        let deleted = try configurations.templates[cloud.service(name).type]?.deleted ?? []
        return ConfigurationExplanation(
            service: name,
            values: root.leaves.map { leaf in
                .init(
                    path: leaf.pointer, value: leaf.node.jsonText, from: .init(leaf.node.origin),
                    overrode: leaf.overridden.map { .init(value: $0.text, from: .init($0.origin)) })
            },
            deleted: deleted.map { value in
                .init(
                    path: value.pointer, by: .init(value.by),
                    overrode: value.node.overridden.map { .init(value: $0.text, from: .init($0.origin)) }
                        + [.init(value: value.node.jsonText, from: .init(value.node.origin))])
            })
    }
}

extension ConfigurationExplanation.Origin {
    fileprivate init(_ origin: ConfigurationNode.Origin) {
        self.init(
            file: origin.position.file, line: origin.position.line, column: origin.position.column,
            type: origin.block.type, sortOrder: origin.block.sortOrder, block: origin.block.number,
            expression: origin.expression)
    }
}
