"""Who may call what: a line for every call of every dialect, and the status that each caller gets.

The columns are those of ``access_stage.COLUMNS``: no token, an expired one, a member of another project, a reader
and a member of the project whose things they are, the administrator. What looks wrong at first sight:

  - An image, task or namespace of another project is a 404 there: it is not told that it exists. Where a call changes
    an image's members, the other project is the member, so it sees the image, and alone may accept it.
  - A 200 for everybody with a token on lists: each sees what is its own.
  - The object that is imported, exported or made a task of is the demo project's: to others it is not there.
  - What is public is for everybody who knows its address.
  - Synnefo's calls for a token say whose the one in the body is: who calls needs none.
  - Wrong signatures are a 401 whatever the token. A store's last copy of an image is kept, so a 403 for owners too.
"""

from __future__ import annotations

ROWS = """

# keystone
GET     /                                                                            300 300 300 300 300 300
HEAD    /                                                                            300 300 300 300 300 300
GET     /v3                                                                          200 200 200 200 200 200
HEAD    /v3                                                                          200 200 200 200 200 200
GET     /v3/                                                                         200 200 200 200 200 200
HEAD    /v3/                                                                         200 200 200 200 200 200
POST    /v3/auth/tokens                                                              201 201 201 201 201 201
GET     /v3/auth/tokens                                                              401 401 403 403 200 200
HEAD    /v3/auth/tokens                                                              401 401 403 403 200 200
DELETE  /v3/auth/tokens                                                              401 401 403 403 204 204
GET     /v3/auth/projects                                                            401 401 200 200 200 200
HEAD    /v3/auth/projects                                                            401 401 200 200 200 200
GET     /v3/auth/domains                                                             401 401 200 200 200 200
HEAD    /v3/auth/domains                                                             401 401 200 200 200 200
GET     /v3/auth/system                                                              401 401 200 200 200 200
HEAD    /v3/auth/system                                                              401 401 200 200 200 200
GET     /v3/auth/catalog                                                             401 401 200 200 200 200
HEAD    /v3/auth/catalog                                                             401 401 200 200 200 200
GET     /v3/projects                                                                 401 401 403 403 403 200
HEAD    /v3/projects                                                                 401 401 403 403 403 200
POST    /v3/projects                                                                 401 401 403 403 403 201
GET     /v3/projects/{id}                                                            401 401 404 200 200 200
HEAD    /v3/projects/{id}                                                            401 401 404 200 200 200
PATCH   /v3/projects/{id}                                                            401 401 403 403 403 200
DELETE  /v3/projects/{id}                                                            401 401 403 403 403 204
GET     /v3/users                                                                    401 401 403 403 403 200
HEAD    /v3/users                                                                    401 401 403 403 403 200
POST    /v3/users                                                                    401 401 403 403 403 201
GET     /v3/users/{id}                                                               401 401 403 403 200 200
HEAD    /v3/users/{id}                                                               401 401 403 403 200 200
PATCH   /v3/users/{id}                                                               401 401 403 403 403 200
DELETE  /v3/users/{id}                                                               401 401 403 403 403 204
POST    /v3/users/{id}/password                                                      401 401 403 403 204 403
GET     /v3/users/{id}/projects                                                      401 401 403 403 200 200
HEAD    /v3/users/{id}/projects                                                      401 401 403 403 200 200
GET     /v3/domains                                                                  401 401 403 403 403 200
HEAD    /v3/domains                                                                  401 401 403 403 403 200
POST    /v3/domains                                                                  401 401 403 403 403 201
GET     /v3/domains/{id}                                                             401 401 200 200 200 200
HEAD    /v3/domains/{id}                                                             401 401 200 200 200 200
PATCH   /v3/domains/{id}                                                             401 401 403 403 403 200
DELETE  /v3/domains/{id}                                                             401 401 403 403 403 204
GET     /v3/role_assignments                                                         401 401 403 403 403 200
HEAD    /v3/role_assignments                                                         401 401 403 403 403 200
GET     /v3/projects/{id}/users/{user}/roles                                         401 401 403 403 403 200
HEAD    /v3/projects/{id}/users/{user}/roles                                         401 401 403 403 403 200
GET     /v3/projects/{id}/users/{user}/roles/{role}                                  401 401 403 403 403 204
HEAD    /v3/projects/{id}/users/{user}/roles/{role}                                  401 401 403 403 403 204
PUT     /v3/projects/{id}/users/{user}/roles/{role}                                  401 401 403 403 403 204
DELETE  /v3/projects/{id}/users/{user}/roles/{role}                                  401 401 403 403 403 204
GET     /v3/domains/{id}/users/{user}/roles                                          401 401 403 403 403 200
HEAD    /v3/domains/{id}/users/{user}/roles                                          401 401 403 403 403 200
GET     /v3/domains/{id}/users/{user}/roles/{role}                                   401 401 403 403 403 204
HEAD    /v3/domains/{id}/users/{user}/roles/{role}                                   401 401 403 403 403 204
PUT     /v3/domains/{id}/users/{user}/roles/{role}                                   401 401 403 403 403 204
DELETE  /v3/domains/{id}/users/{user}/roles/{role}                                   401 401 403 403 403 204
GET     /v3/system/users/{user}/roles                                                401 401 403 403 403 200
HEAD    /v3/system/users/{user}/roles                                                401 401 403 403 403 200
GET     /v3/system/users/{user}/roles/{role}                                         401 401 403 403 403 204
HEAD    /v3/system/users/{user}/roles/{role}                                         401 401 403 403 403 204
PUT     /v3/system/users/{user}/roles/{role}                                         401 401 403 403 403 204
DELETE  /v3/system/users/{user}/roles/{role}                                         401 401 403 403 403 204
GET     /v3/limits                                                                   401 401 200 200 200 200
HEAD    /v3/limits                                                                   401 401 200 200 200 200
GET     /v3/registered_limits                                                        401 401 200 200 200 200
HEAD    /v3/registered_limits                                                        401 401 200 200 200 200
GET     /v3/roles                                                                    401 401 403 403 403 200
HEAD    /v3/roles                                                                    401 401 403 403 403 200
GET     /v3/roles/{id}                                                               401 401 403 403 403 200
HEAD    /v3/roles/{id}                                                               401 401 403 403 403 200
GET     /v3/regions                                                                  401 401 200 200 200 200
HEAD    /v3/regions                                                                  401 401 200 200 200 200
GET     /v3/regions/{id}                                                             401 401 200 200 200 200
HEAD    /v3/regions/{id}                                                             401 401 200 200 200 200
GET     /v3/services                                                                 401 401 403 403 403 200
HEAD    /v3/services                                                                 401 401 403 403 403 200
GET     /v3/services/{id}                                                            401 401 403 403 403 200
HEAD    /v3/services/{id}                                                            401 401 403 403 403 200
GET     /v3/endpoints                                                                401 401 403 403 403 200
HEAD    /v3/endpoints                                                                401 401 403 403 403 200
GET     /v3/endpoints/{id}                                                           401 401 403 403 403 200
HEAD    /v3/endpoints/{id}                                                           401 401 403 403 403 200
POST    /v3/users/{id}/application_credentials                                       401 401 403 403 201 403
GET     /v3/users/{id}/application_credentials                                       401 401 403 403 200 200
HEAD    /v3/users/{id}/application_credentials                                       401 401 403 403 200 200
GET     /v3/users/{id}/application_credentials/{credential}                          401 401 403 403 200 200
HEAD    /v3/users/{id}/application_credentials/{credential}                          401 401 403 403 200 200
DELETE  /v3/users/{id}/application_credentials/{credential}                          401 401 403 403 204 204
GET     /v3/users/{id}/access_rules                                                  401 401 403 403 200 200
HEAD    /v3/users/{id}/access_rules                                                  401 401 403 403 200 200
GET     /v3/users/{id}/access_rules/{rule}                                           401 401 403 403 200 200
HEAD    /v3/users/{id}/access_rules/{rule}                                           401 401 403 403 200 200
DELETE  /v3/users/{id}/access_rules/{rule}                                           401 401 403 403 204 204

# glance
GET     /versions                                                                    200 200 200 200 200 200
GET     image:/                                                                      300 300 300 300 300 300
GET     image:/v1                                                                    300 300 300 300 300 300
GET     image:/v1/{rest:rest}                                                        300 300 300 300 300 300
GET     image:/v3                                                                    300 300 300 300 300 300
GET     image:/v3/{rest:rest}                                                        300 300 300 300 300 300
GET     image:/v4                                                                    300 300 300 300 300 300
GET     image:/v4/{rest:rest}                                                        300 300 300 300 300 300
GET     image:/v5                                                                    300 300 300 300 300 300
GET     image:/v5/{rest:rest}                                                        300 300 300 300 300 300
GET     image:/v6                                                                    300 300 300 300 300 300
GET     image:/v6/{rest:rest}                                                        300 300 300 300 300 300
GET     image:/v7                                                                    300 300 300 300 300 300
GET     image:/v7/{rest:rest}                                                        300 300 300 300 300 300
GET     image:/v8                                                                    300 300 300 300 300 300
GET     image:/v8/{rest:rest}                                                        300 300 300 300 300 300
GET     image:/v9                                                                    300 300 300 300 300 300
GET     image:/v9/{rest:rest}                                                        300 300 300 300 300 300
POST    /v2/images                                                                   401 401 201 403 201 201
GET     /v2/images                                                                   401 401 200 200 200 200
GET     /v2/images/{image_id}                                                        401 401 404 200 200 200
PATCH   /v2/images/{image_id}                                                        401 401 404 403 200 200
DELETE  /v2/images/{image_id}                                                        401 401 404 403 204 204
PUT     /v2/images/{image_id}/file                                                   401 401 404 403 204 204
GET     /v2/images/{image_id}/file                                                   401 401 404 200 200 200
PUT     /v2/images/{image_id}/stage                                                  401 401 404 403 204 204
POST    /v2/images/{image_id}/import                                                 401 401 404 403 202 202
GET     /v2/images/{image_id}/tasks                                                  401 401 404 200 200 200
PUT     /v2/images/{image_id}/tags/{tag}                                             401 401 404 403 204 204
DELETE  /v2/images/{image_id}/tags/{tag}                                             401 401 404 403 204 204
POST    /v2/images/{image_id}/actions/{action}                                       401 401 404 403 204 204
POST    /v2/images/{image_id}/members                                                401 401 404 403 200 200
GET     /v2/images/{image_id}/members                                                401 401 404 200 200 200
GET     /v2/images/{image_id}/members/{member_id}                                    401 401 200 200 200 200
PUT     /v2/images/{image_id}/members/{member_id}                                    401 401 200 403 403 403
DELETE  /v2/images/{image_id}/members/{member_id}                                    401 401 403 403 204 204
GET     /v2/schemas/{name}                                                           401 401 200 200 200 200
GET     /v2/info/import                                                              401 401 200 200 200 200
GET     /v2/info/stores                                                              401 401 200 200 200 200
GET     /v2/info/stores/detail                                                       401 401 403 403 403 200
GET     /v2/info/usage                                                               401 401 200 200 200 200
DELETE  /v2/stores/{store}/{image_id}                                                401 401 404 403 403 403
GET     /v2/images/{image_id}/locations                                              401 401 404 403 403 200
POST    /v2/images/{image_id}/locations                                              401 401 404 403 403 403
GET     /v2/cache                                                                    401 401 403 403 403 404
DELETE  /v2/cache                                                                    401 401 403 403 403 404
PUT     /v2/cache/{image_id}                                                         401 401 403 403 403 404
DELETE  /v2/cache/{image_id}                                                         401 401 403 403 403 404
POST    /v2/tasks                                                                    401 401 404 403 201 404
GET     /v2/tasks                                                                    401 401 200 200 200 200
GET     /v2/tasks/{task_id}                                                          401 401 404 200 200 200
DELETE  /v2/tasks/{task_id}                                                          401 401 404 403 409 409
GET     /v2/metadefs/namespaces                                                      401 401 200 200 200 200
POST    /v2/metadefs/namespaces                                                      401 401 403 403 403 201
GET     /v2/metadefs/namespaces/{namespace}                                          401 401 404 200 200 200
PUT     /v2/metadefs/namespaces/{namespace}                                          401 401 404 403 403 200
DELETE  /v2/metadefs/namespaces/{namespace}                                          401 401 404 403 403 204
GET     /v2/metadefs/namespaces/{namespace}/objects                                  401 401 404 200 200 200
POST    /v2/metadefs/namespaces/{namespace}/objects                                  401 401 404 403 403 201
DELETE  /v2/metadefs/namespaces/{namespace}/objects                                  401 401 404 403 403 204
GET     /v2/metadefs/namespaces/{namespace}/objects/{part:rest}                      401 401 404 200 200 200
PUT     /v2/metadefs/namespaces/{namespace}/objects/{part:rest}                      401 401 404 403 403 200
DELETE  /v2/metadefs/namespaces/{namespace}/objects/{part:rest}                      401 401 404 403 403 204
GET     /v2/metadefs/namespaces/{namespace}/properties                               401 401 404 200 200 200
POST    /v2/metadefs/namespaces/{namespace}/properties                               401 401 404 403 403 201
DELETE  /v2/metadefs/namespaces/{namespace}/properties                               401 401 404 403 403 204
GET     /v2/metadefs/namespaces/{namespace}/properties/{part:rest}                   401 401 404 200 200 200
PUT     /v2/metadefs/namespaces/{namespace}/properties/{part:rest}                   401 401 404 403 403 200
DELETE  /v2/metadefs/namespaces/{namespace}/properties/{part:rest}                   401 401 404 403 403 204
GET     /v2/metadefs/namespaces/{namespace}/tags                                     401 401 404 200 200 200
POST    /v2/metadefs/namespaces/{namespace}/tags                                     401 401 404 403 403 201
DELETE  /v2/metadefs/namespaces/{namespace}/tags                                     401 401 404 403 403 204
GET     /v2/metadefs/namespaces/{namespace}/tags/{part:rest}                         401 401 404 200 200 200
PUT     /v2/metadefs/namespaces/{namespace}/tags/{part:rest}                         401 401 404 403 403 200
DELETE  /v2/metadefs/namespaces/{namespace}/tags/{part:rest}                         401 401 404 403 403 204
POST    /v2/metadefs/namespaces/{namespace}/tags/{part:rest}                         401 401 404 403 403 201
GET     /v2/metadefs/namespaces/{namespace}/resource_types                           401 401 404 200 200 200
POST    /v2/metadefs/namespaces/{namespace}/resource_types                           401 401 404 403 403 201
DELETE  /v2/metadefs/namespaces/{namespace}/resource_types/{part:rest}               401 401 404 403 403 204
GET     /v2/metadefs/resource_types                                                  401 401 200 200 200 200
GET     /v2/schemas/metadefs/{name}                                                  401 401 200 200 200 200

# k5
GET     /v1/imageimport                                                              401 401 200 200 200 200
POST    /v1/imageimport                                                              401 401 400 403 201 400
GET     /v1/imageimport/{job}/status                                                 401 401 404 200 200 200
GET     /v1/imageexport                                                              401 401 200 200 200 200
POST    /v1/imageexport                                                              401 401 400 403 201 400
GET     /v1/imageexport/{job}/status                                                 401 401 404 200 200 200
POST    /v1/imageexport/{job}/cancel                                                 401 401 404 403 200 200

# swift
GET     /info                                                                        200 200 200 200 200 200
HEAD    /info                                                                        200 200 200 200 200 200
OPTIONS /info                                                                        200 200 200 200 200 200
GET     /crossdomain.xml                                                             200 200 200 200 200 200
GET     /healthcheck                                                                 200 200 200 200 200 200
HEAD    /healthcheck                                                                 200 200 200 200 200 200
OPTIONS /healthcheck                                                                 200 200 200 200 200 200
GET     /v1/AUTH_{project}                                                           401 401 403 200 200 200
HEAD    /v1/AUTH_{project}                                                           401 401 403 204 204 204
POST    /v1/AUTH_{project}                                                           401 401 403 403 204 204
PUT     /v1/AUTH_{project}                                                           401 401 403 403 202 202
DELETE  /v1/AUTH_{project}                                                           401 401 403 403 403 403
OPTIONS /v1/AUTH_{project}                                                           200 200 200 200 200 200
GET     /v1/AUTH_{project}/                                                          401 401 403 200 200 200
HEAD    /v1/AUTH_{project}/                                                          401 401 403 204 204 204
POST    /v1/AUTH_{project}/                                                          401 401 403 403 204 204
PUT     /v1/AUTH_{project}/                                                          401 401 403 403 202 202
DELETE  /v1/AUTH_{project}/                                                          401 401 403 403 403 403
OPTIONS /v1/AUTH_{project}/                                                          200 200 200 200 200 200
GET     /v1/AUTH_{project}/{container}                                               401 401 403 200 200 200
HEAD    /v1/AUTH_{project}/{container}                                               401 401 403 204 204 204
PUT     /v1/AUTH_{project}/{container}                                               401 401 403 403 201 201
POST    /v1/AUTH_{project}/{container}                                               401 401 403 403 204 204
DELETE  /v1/AUTH_{project}/{container}                                               401 401 403 403 204 204
OPTIONS /v1/AUTH_{project}/{container}                                               200 200 200 200 200 200
GET     /v1/AUTH_{project}/{container}/                                              401 401 403 200 200 200
HEAD    /v1/AUTH_{project}/{container}/                                              401 401 403 204 204 204
PUT     /v1/AUTH_{project}/{container}/                                              401 401 403 403 201 201
POST    /v1/AUTH_{project}/{container}/                                              401 401 403 403 204 204
DELETE  /v1/AUTH_{project}/{container}/                                              401 401 403 403 204 204
OPTIONS /v1/AUTH_{project}/{container}/                                              200 200 200 200 200 200
GET     /v1/AUTH_{project}/{container}/{object:rest}                                 401 401 403 200 200 200
HEAD    /v1/AUTH_{project}/{container}/{object:rest}                                 401 401 403 200 200 200
PUT     /v1/AUTH_{project}/{container}/{object:rest}                                 401 401 403 403 201 201
POST    /v1/AUTH_{project}/{container}/{object:rest}                                 401 401 403 403 202 202
DELETE  /v1/AUTH_{project}/{container}/{object:rest}                                 401 401 403 403 204 204
COPY    /v1/AUTH_{project}/{container}/{object:rest}                                 401 401 403 403 201 201
OPTIONS /v1/AUTH_{project}/{container}/{object:rest}                                 200 200 200 200 200 200
POST    /v1/AUTH_{project}?bulk-delete                                               401 401 403 403 200 200
PUT     /v1/AUTH_{project}/{container}?extract-archive=tar                           401 401 403 403 200 200
PUT     /v1/AUTH_{project}/{container}/{object:rest}?multipart-manifest=put          401 401 403 403 201 201
GET     /v1/AUTH_{project}/{container}/{object:rest}?multipart-manifest=get          401 401 403 200 200 200
GET     /v1/AUTH_{project}/{container}/{object:rest}?temp_url_sig=00&temp_url_expires=9999999999 401 401 401 401 401 401
PUT     /v1/AUTH_{project}/{container}/{object:rest}?temp_url_sig=00&temp_url_expires=9999999999 401 401 401 401 401 401
GET     /v1/AUTH_{project}/{container}?versions                                      401 401 403 200 200 200
DELETE  /v1/AUTH_{project}/{container}/{object:rest}?multipart-manifest=delete       401 401 403 403 200 200

# astakos
POST    /identity/v2.0/tokens                                                        200 200 200 200 200 200
POST    /identity/v2.0/tokens/                                                       200 200 200 200 200 200
POST    /identity/tokens                                                             200 200 200 200 200 200
POST    /identity/tokens/                                                            200 200 200 200 200 200
POST    /account/v1.0/user_catalogs                                                  401 401 200 200 200 200
POST    /account/v1.0/user_catalogs/                                                 401 401 200 200 200 200

# plankton
GET     /image/v1.0/images                                                           401 401 200 200 200 200
GET     /image/v1.0/images/                                                          401 401 200 200 200 200
POST    /image/v1.0/images                                                           401 401 403 403 200 200
POST    /image/v1.0/images/                                                          401 401 403 403 200 200
GET     /image/v1.0/images/detail                                                    401 401 200 200 200 200
GET     /image/v1.0/images/detail/                                                   401 401 200 200 200 200
HEAD    /image/v1.0/images/{image_id}                                                401 401 403 200 200 200
HEAD    /image/v1.0/images/{image_id}/                                               401 401 403 200 200 200
GET     /image/v1.0/images/{image_id}                                                501 501 501 501 501 501
GET     /image/v1.0/images/{image_id}/                                               501 501 501 501 501 501
PUT     /image/v1.0/images/{image_id}                                                401 401 403 403 200 200
PUT     /image/v1.0/images/{image_id}/                                               401 401 403 403 200 200
DELETE  /image/v1.0/images/{image_id}                                                401 401 403 403 204 204
DELETE  /image/v1.0/images/{image_id}/                                               401 401 403 403 204 204
GET     /image/v1.0/images/{image_id}/members                                        401 401 403 200 200 200
GET     /image/v1.0/images/{image_id}/members/                                       401 401 403 200 200 200
PUT     /image/v1.0/images/{image_id}/members                                        401 401 403 403 204 204
PUT     /image/v1.0/images/{image_id}/members/                                       401 401 403 403 204 204
PUT     /image/v1.0/images/{image_id}/members/{member_id}                            401 401 403 403 204 204
PUT     /image/v1.0/images/{image_id}/members/{member_id}/                           401 401 403 403 204 204
DELETE  /image/v1.0/images/{image_id}/members/{member_id}                            401 401 403 403 204 204
DELETE  /image/v1.0/images/{image_id}/members/{member_id}/                           401 401 403 403 204 204
GET     /image/v1.0/shared-images/{project}                                          401 401 200 200 200 200
GET     /image/v1.0/shared-images/{project}/                                         401 401 200 200 200 200

# pithos
GET     /object-store/v1                                                             401 401 200 200 200 200
GET     /object-store/v1/                                                            401 401 200 200 200 200
HEAD    /object-store/v1/{project}                                                   401 401 403 204 204 204
GET     /object-store/v1/{project}                                                   401 401 403 200 200 200
POST    /object-store/v1/{project}                                                   401 401 403 403 202 202
HEAD    /object-store/v1/{project}/                                                  401 401 403 204 204 204
GET     /object-store/v1/{project}/                                                  401 401 403 200 200 200
POST    /object-store/v1/{project}/                                                  401 401 403 403 202 202
HEAD    /object-store/v1/{project}/{container}                                       401 401 403 204 204 204
GET     /object-store/v1/{project}/{container}                                       401 401 403 200 200 200
PUT     /object-store/v1/{project}/{container}                                       401 401 403 403 201 201
POST    /object-store/v1/{project}/{container}                                       401 401 403 403 202 202
DELETE  /object-store/v1/{project}/{container}                                       401 401 403 403 204 204
HEAD    /object-store/v1/{project}/{container}/                                      401 401 403 204 204 204
GET     /object-store/v1/{project}/{container}/                                      401 401 403 200 200 200
PUT     /object-store/v1/{project}/{container}/                                      401 401 403 403 201 201
POST    /object-store/v1/{project}/{container}/                                      401 401 403 403 202 202
DELETE  /object-store/v1/{project}/{container}/                                      401 401 403 403 204 204
HEAD    /object-store/v1/{project}/{container}/{object:rest}                         401 401 403 200 200 200
GET     /object-store/v1/{project}/{container}/{object:rest}                         401 401 403 200 200 200
PUT     /object-store/v1/{project}/{container}/{object:rest}                         401 401 403 403 201 201
POST    /object-store/v1/{project}/{container}/{object:rest}                         401 401 403 403 202 202
COPY    /object-store/v1/{project}/{container}/{object:rest}                         401 401 403 403 201 201
MOVE    /object-store/v1/{project}/{container}/{object:rest}                         401 401 403 403 201 201
DELETE  /object-store/v1/{project}/{container}/{object:rest}                         401 401 403 403 204 204
GET     /object-store/v1/{project}/{container}/{object:rest}?hashmap                 401 401 403 200 200 200
PUT     /object-store/v1/{project}/{container}/{object:rest}?hashmap                 401 401 403 403 201 201
POST    /object-store/v1/{project}/{container}?update                                401 401 403 403 202 202
GET     /public/{token:rest}                                                         200 200 200 200 200 200
HEAD    /public/{token:rest}                                                         200 200 200 200 200 200

# health
GET     /healthz                                                                     200 200 200 200 200 200
HEAD    /healthz                                                                     200 200 200 200 200 200
"""
