import AdminAPI
import Cloud
import Foundation
import HTTPTypes
import Hummingbird
import JSON
import Names
import Registry
import ServiceSupport
import Text

extension RouteTable {
    var typeRoutes: [Route] {
        [
            typeList.route(in: self),
            Route(
                method: .get, path: .type("{type}"), operation: "readType",
                summary: "One service type: JSON with its revision, or the YAML alone", access: .builds,
                query: [
                    Route.Parameter(
                        name: QueryParameter.revision,
                        summary: "An earlier revision, which exists even when the type is gone",
                        schema: ["type": "integer", "minimum": 1, "maximum": .integer(Int(Int32.max))])
                ],
                headers: [.ifNoneMatch],
                answers: [
                    Route.Answer(
                        status: .ok, summary: "The type",
                        content: [(MediaType.json, TypeResource.form.schema), (MediaType.yaml, typeSource.schema)],
                        headers: [.eTag, .vary]),
                    .notModified,
                ]
            ) { request in try await readType(request) },
            .get(
                .revisions(of: "{type}"), operation: "listTypeRevisions",
                "Every revision of a type, the newest first",
                answering: [TypeSummary].form
            ) { request in
                let type = request.parameter("type")
                let revisions = try await registry.revisions(of: type)
                guard !revisions.isEmpty else { throw ChangeError.missing("type \(type.shownName())") }
                return try Self.answer(revisions.map { TypeSummary(type, $0) }, to: request)
            },
            Route(
                method: .put, path: .type("{type}"), operation: "writeType",
                summary: "Create or replace a type's meta-configuration", access: .change, query: [.dryRun],
                headers: [.ifMatch, .ifNoneMatchOnPut],
                body: Route.Body(mediaType: MediaType.yaml, schema: typeSource.schema, limit: Limits.source),
                answers: [.changed, .created]
            ) { request in
                let name = try request.name("type", of: .type)
                let bytes = try await request.bytes()
                let type = try await BlockingWork.run { try ServiceType.read(bytes: bytes, name: name) }
                return try await changeType(request, name) { $0.types[name] = type }
            },
            Route(
                method: .delete, path: .type("{type}"), operation: "deleteType",
                summary: "Delete a type without services; its revisions and marks are kept", access: .change,
                query: [.dryRun], headers: [.ifMatch], answers: [.changed]
            ) { request in
                let name = request.parameter("type")
                return try await changeType(request, name) { try $0.deleteType(name) }
            },
        ]
    }

    private func readType(_ request: APIRequest) async throws -> Response {
        let name = request.parameter("type")
        try await requireBuild(request, ofType: name)
        guard let format = AcceptField(request.headers[.accept]).best(of: [MediaType.json, MediaType.yaml]) else {
            throw Self.notAcceptable([MediaType.json, MediaType.yaml])
        }
        let resource: TypeResource
        if request.query[QueryParameter.revision] != nil {
            let number = try request.integer(QueryParameter.revision, in: 1...Int(Int32.max), default: 1)
            guard let (revision, source) = try await registry.revision(number, of: name) else {
                throw ChangeError.missing("revision \(number) of type \(name.shownName())")
            }
            resource = TypeResource(name, revision, source: source)
        } else {
            let state = try await registry.state()
            guard let current = state.typeResource(name) else {
                throw ChangeError.missing("type \(name.shownName())")
            }
            resource = current
        }
        return Self.answer(
            bytes: format == MediaType.json ? Data(resource.jsonBytes) : Data(resource.source.utf8),
            mediaType: format, to: request)
    }

    /// Like `change`, for a type, whose YAML form has an ETag too.
    private func changeType(
        _ request: APIRequest, _ name: String, _ edit: @escaping @Sendable (inout Cloud) throws -> Void
    ) async throws -> Response {
        let preconditions = Preconditions(request.headers)
        let outcome = try await registry.write(by: request.identity.author, dryRun: request.isDryRun) {
            cloud, before in
            try edit(&cloud)
            try preconditions.check(
                before.typeResource(name).map { [Self.tag($0), EntityTag.of(Data($0.source.utf8))] } ?? [])
        }
        return try Self.report(outcome, to: request, resource: outcome.state.typeResource(name))
    }
}

extension RegistryState {
    func typeResource(_ name: String) -> TypeResource? {
        guard let type = cloud.types[name], let revision = revisions[name] else { return nil }
        return TypeResource(name, revision, source: type.source)
    }
}
