// Nothing is asked of any other server: no validator, and tokens stay in the memory of this page.
SwaggerUIBundle({
  url: "../openapi.json",
  dom_id: "#page",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  docExpansion: "list",
  filter: true,
  persistAuthorization: false,
  showExtensions: true,
  validatorUrl: null,
});
