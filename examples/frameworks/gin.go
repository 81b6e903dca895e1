package main

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/allauth-go/allauth"
)

func withGin(auth *allauth.Auth) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.Use(gin.Recovery(), ginMiddleware(auth.Middleware))
	engine.Any("/_allauth/*path", gin.WrapH(auth))
	members := engine.Group("/", ginMiddleware(auth.ProtectForms), ginMiddleware(auth.RequireLogin))
	members.GET("/me", func(c *gin.Context) {
		user, _ := auth.UserFrom(c.Request.Context())
		c.String(http.StatusOK, user.ID)
	})
	members.POST("/orders", func(c *gin.Context) { c.Status(http.StatusCreated) })
	return engine
}

// ginMiddleware turns middleware of net/http into that of gin. The request that the
// middleware passes on has the user in its context.
func ginMiddleware(middleware func(next http.Handler) http.Handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		passed := false
		next := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			passed, c.Request = true, r
			c.Next()
		})
		middleware(next).ServeHTTP(c.Writer, c.Request)
		if !passed {
			c.Abort() // the middleware has answered
		}
	}
}
