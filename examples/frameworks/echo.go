package main

import (
	"net/http"

	"github.com/labstack/echo/v5"

	"github.com/allauth-go/allauth"
)

func withEcho(auth *allauth.Auth) http.Handler {
	e := echo.New()
	e.Use(echo.WrapMiddleware(auth.Middleware))
	e.Any("/_allauth/*", echo.WrapHandler(auth))
	members := e.Group("", echo.WrapMiddleware(auth.ProtectForms), echo.WrapMiddleware(auth.RequireLogin))
	members.GET("/me", func(c *echo.Context) error {
		user, _ := auth.UserFrom(c.Request().Context())
		return c.String(http.StatusOK, user.ID)
	})
	members.POST("/orders", func(c *echo.Context) error { return c.NoContent(http.StatusCreated) })
	return e
}
